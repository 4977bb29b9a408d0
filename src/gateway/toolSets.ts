/** What a turn has to know of its tools, computed once for each set: clients send it every time. */
import { BoundedMap } from '../base/boundedMap';
import type { Tool } from '../conversation/messages';
import { estimateTextTokens } from '../conversation/tokens';
import { digest } from '../session/chain';
import { toolFingerprint } from '../session/key';

export interface ToolSet {
  /** Part of a session's scope: the same for two spellings of one set. */
  readonly fingerprint: string;
  readonly tokens: number;
}

const NO_TOOLS: ToolSet = { fingerprint: toolFingerprint(undefined), tokens: 0 };
/** A client has a handful of sets, one for each kind of agent it runs. */
const REMEMBERED = 256;

export class ToolSets {
  readonly #known = new BoundedMap<string, ToolSet>(REMEMBERED);

  of(tools: readonly Tool[]): ToolSet {
    if (tools.length === 0) return NO_TOOLS;
    const json = JSON.stringify(tools);
    const id = digest(json);
    const known = this.#known.get(id);
    if (known) return known;
    const set = { fingerprint: toolFingerprint({ tools }), tokens: estimateTextTokens(json) };
    this.#known.set(id, set);
    return set;
  }
}
