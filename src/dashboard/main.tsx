/** The page's entry: one root, drawn anew with each message of the host. */
import { render } from 'preact';
import { App } from './app';
import { connect } from './host';
import { loadBundle } from './localize';
import type { Model } from './model';
import { PageContext } from './page';

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root.');
loadBundle(root.dataset['l10n']);

const draw = (model: Model): void => {
  render(
    <PageContext.Provider value={page}>
      <App model={model} />
    </PageContext.Provider>,
    root,
  );
};
const layout = root.dataset['layout'] === 'view' ? 'view' : 'panel';
const { page, remembered } = connect(layout, draw);
draw(remembered);
window.scrollTo(0, page.memory.scroll);
window.addEventListener('scroll', () => {
  page.memory.keepScroll(window.scrollY);
});
