/** The part of undici the gateway uses; a bundle of its own (`dist/undici.js`), loaded on first use. */
export { Agent, WebSocket } from 'undici';
