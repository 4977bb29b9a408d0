/** The gateway's place in the activity bar: a tree of conversations, and a small dashboard. */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable';
import { ConversationsTree } from './conversationsTree';
import { type DashboardDependencies, DashboardHost } from './dashboardHost';
import { viewTypes } from './ids';

export function registerSideBar(dependencies: DashboardDependencies): Disposable {
  const store = new DisposableStore();
  store.add(new ConversationsTree(dependencies));
  store.add(
    vscode.window.registerWebviewViewProvider(viewTypes.overview, {
      resolveWebviewView: (view) => {
        const host = new DashboardHost(
          {
            webview: view.webview,
            layout: 'view',
            get visible() {
              return view.visible;
            },
          },
          dependencies,
        );
        view.onDidChangeVisibility(() => {
          host.visibilityChanged();
        });
        view.onDidDispose(() => {
          host.dispose();
        });
      },
    }),
  );
  return store;
}
