/** Where the instances come from: made of an option, checked, and turned into connectors. */
import { homedir } from 'node:os';
import path from 'node:path';
import { AgentConnector } from '../lingma/connect/agent';
import { AttachConnector } from '../lingma/connect/attach';
import type { ProcessWatch } from '../lingma/connect/child';
import { splitCommandLine } from '../lingma/connect/commandLine';
import type { Connector } from '../lingma/connect/connector';
import { parseAttachTarget } from '../lingma/connect/discovery';
import { SpawnConnector } from '../lingma/connect/spawn';
import { locateProgram } from '../lingma/locate';
import type { Logger } from '../observe/log';
import type { Source } from './options';

/** What one instance's connector is built from. */
export interface InstanceParts extends ProcessWatch {
  readonly logger: Logger;
  /** The instance's own folder; empty for a source that keeps no data. */
  readonly workDir: string;
  /** Variables of the environment that Lingma gets beside those that it needs. */
  readonly passEnvironment: readonly string[];
}

/** A source that has been checked. */
export interface PreparedSource {
  /** The program to show to people; null when it is not ours to run. */
  readonly program: string | null;
  /** True when the embedded demo stands in for Lingma. */
  readonly demo: boolean;
  /** Most instances that make sense. */
  readonly maxInstances: number;
  /** Whether processes of ours keep data in the work folder. */
  readonly keepsData: boolean;
  connect(parts: InstanceParts): Connector;
}

/**
 * Checks a source. Throws `binary_not_found` for a program that is not there and `invalid_request`
 * for a command line or a target that cannot be read.
 */
export function prepareSource(source: Source, distDir: string): PreparedSource {
  switch (source.kind) {
    case 'lingma': {
      const program = locateProgram(source.program, path.join(distDir, 'demo.js'));
      return {
        program: program.path,
        demo: program.demo,
        maxInstances: Infinity,
        keepsData: true,
        connect: (parts) => new SpawnConnector({ ...parts, program }),
      };
    }
    case 'attach': {
      const target = parseAttachTarget(source.target, homedir());
      return {
        program: null,
        demo: false,
        // There is one such client. A second connection to it would be the same process again.
        maxInstances: 1,
        keepsData: false,
        connect: ({ logger }) => new AttachConnector({ target, logger }),
      };
    }
    case 'agent': {
      const { command } = source;
      const [program = ''] = splitCommandLine(command, process.platform);
      return {
        // Not its arguments: they may hold what is nobody's business.
        program,
        demo: false,
        maxInstances: Infinity,
        keepsData: true,
        connect: (parts) => new AgentConnector({ ...parts, command }),
      };
    }
  }
}
