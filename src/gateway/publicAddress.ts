/** Which network addresses lie in the open internet, as against this machine and its networks. */
import { isIP } from 'node:net';
import * as ipaddr from 'ipaddr.js';

/** All global unicast that has been handed out (RFC 4291 §2.4, IANA); the rest is kept back. */
const IPV6_GLOBAL = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether `address`, an IPv4 or IPv6 literal, is public unicast. Everything with a meaning of its
 * own is not: loopback, private, link-local, shared (carrier-grade NAT), multicast, reserved, and
 * the IPv6 forms that carry an IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  // The library also reads octal and shortened forms, which sockets may read differently.
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(IPV6_GLOBAL);
}
