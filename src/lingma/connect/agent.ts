/** Spawns an agent that speaks the Agent Client Protocol on stdin and stdout (protocol §4c). */
import { statSync } from 'node:fs';
import path from 'node:path';
import { GatewayError } from '../../base/errors';
import type { Logger } from '../../observe/log';
import { agentEnvironment } from '../environment';
import { lineFraming } from '../lines';
import { makePrivate } from '../workDir';
import { Child, type ProcessWatch } from './child';
import { resolveCommand, splitCommandLine } from './commandLine';
import type { Connection, Connector } from './connector';
import { streamSocket } from './streamSocket';

export interface AgentOptions extends ProcessWatch {
  /** The command line, such as `qwen --acp`. */
  readonly command: string;
  readonly workDir: string;
  readonly logger: Logger;
}

export class AgentConnector implements Connector {
  readonly #options: AgentOptions;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Rejects with `start_failed` when there is no such program. */
  async connect(): Promise<Connection> {
    const { command: line, workDir, logger, onSpawn, onGone } = this.#options;
    const { platform } = process;
    const [program = '', ...rest] = splitCommandLine(line, platform);
    const { command, args, verbatim } = resolveCommand([program, ...rest], {
      platform,
      env: process.env,
      isFile: (file) => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false,
    });
    const cwd = makePrivate(path.join(workDir, 'cwd'));
    const child = new Child({
      command,
      args,
      verbatim,
      cwd,
      env: agentEnvironment(),
      speaks: true,
      logger,
      onSpawn,
      onGone,
    });
    const { pid } = child;
    const { stdin, stdout } = child.process;
    if (pid === undefined || !stdin || !stdout) {
      throw agentNotStarted(program, await child.exited);
    }
    return {
      peer: 'agent',
      socket: streamSocket(stdout, stdin, () => {
        // To an agent the end of its input is the polite request to end.
        stdin.end();
        stdout.destroy();
      }),
      framing: lineFraming,
      pid,
      port: null,
      cwd,
      ended: child.exited.then((how) => {
        const said = child.stderr ? ` It wrote: ${child.stderr.slice(-1_000)}` : '';
        return `The agent (${program}) ended (${how}).${said}`;
      }),
      stop: () => child.stop(),
    };
  }
}

function agentNotStarted(program: string, how: string): GatewayError {
  return new GatewayError({
    code: 'start_failed',
    status: 503,
    message:
      `The agent (${program}) could not be started: ${how}. Correct its command line ` +
      '(setting lingmaGateway.agentCommand, flag --agent-command).',
  });
}
