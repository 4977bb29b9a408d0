/** The part of undici the gateway uses; a bundle of its own (`dist/undici.js`), loaded on first use. */
export { Agent, buildConnector, WebSocket } from 'undici';
