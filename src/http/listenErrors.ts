/** Why a port cannot be listened on, with the next step. */
import { urlHost } from '../base/address';
import { GatewayError } from '../base/errors';

/** `port_in_use`, `port_not_allowed`, `address_not_available`, or `internal` for what is none of these. */
export function listenError(
  error: NodeJS.ErrnoException,
  { port, host }: { readonly port: number; readonly host: string },
): GatewayError {
  if (error.code === 'EADDRINUSE') {
    return new GatewayError({
      code: 'port_in_use',
      status: 503,
      message:
        `Port ${port} on ${host} is taken by another program. Stop that one, or choose another ` +
        'port (setting lingmaGateway.port, flag --port).',
    });
  }
  if (error.code === 'EACCES') {
    return new GatewayError({
      code: 'port_not_allowed',
      status: 503,
      message:
        `The system does not allow port ${port}. Choose one above 1023 that it does not reserve ` +
        '(setting lingmaGateway.port, flag --port).',
    });
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') {
    return new GatewayError({
      code: 'address_not_available',
      status: 503,
      message:
        `This machine has no address ${host}. Choose one of its own (setting lingmaGateway.host, ` +
        'flag --host).',
    });
  }
  return new GatewayError({
    code: 'internal',
    status: 503,
    message: `The gateway cannot listen on ${urlHost(host)}:${port}: ${error.message}.`,
    cause: error,
  });
}
