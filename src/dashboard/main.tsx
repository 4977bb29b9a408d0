/** The panel's entry: one root, drawn anew with each state the host sends. */
import { render } from 'preact';
import { App } from './app';
import { connect } from './host';
import { loadBundle } from './localize';
import type { HostState } from './protocol';

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root.');
loadBundle(root.dataset['l10n']);

const draw = (state: HostState | undefined): void => {
  render(<App state={state} send={host.send} act={host.act} />, root);
};
const host = connect(draw);
draw(host.remembered);
