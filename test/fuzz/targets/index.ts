import type { Target } from '../target';
import { conversationTargets } from './conversation';
import { streams } from './streams';
import { textTargets } from './text';
import { upstreamTargets } from './upstream';

/** Everything that reads what others wrote. */
export async function allTargets(): Promise<readonly Target[]> {
  return [...upstreamTargets, ...(await textTargets()), ...conversationTargets, streams];
}
