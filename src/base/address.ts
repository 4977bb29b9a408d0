/** Addresses that a gateway listens on, and the names by which it may be called. */
import { isIP, isIPv6 } from 'node:net';

/** Where a gateway listens that was told nothing else. */
export const LOOPBACK = '127.0.0.1';

/** An IP address in the form that `URL` gives it, without brackets; undefined for anything else. */
export function parseAddress(text: string): string | undefined {
  const address = text.trim().replace(/^\[(.*)\]$/, '$1');
  // Node takes a zone for a part of the address; no URL can carry one.
  if (isIP(address) === 0 || address.includes('%')) return undefined;
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

/** Whether only programs on this machine reach it. Takes what `parseAddress` gives. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** Whether it stands for every address of this machine. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** The address at which programs on this machine reach a listener on `address`. */
export function reachedAt(address: string): string {
  if (!isWildcard(address)) return address;
  return address === '::' ? '::1' : LOOPBACK;
}

/** An address as a socket gives it, without the IPv6 form that IPv4 ones take on a listener on `::`. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}

/** As it stands in URLs and in the Host header. */
export function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** A name for the Host header, as `urlHost` gives addresses; undefined for what is none. */
export function parseHostName(text: string): string | undefined {
  const address = parseAddress(text);
  if (address !== undefined) return urlHost(address);
  const name = text.trim().toLowerCase();
  if (name.length > 253 || !/^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name)) return undefined;
  // Resolvers read those as addresses: 2130706433, 0x7f.1.
  return /(^|\.)(\d+|0x[0-9a-f]*)$/.test(name) ? undefined : name;
}
