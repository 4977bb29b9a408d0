/** The tree of conversations by instance, with what can be done to each. */
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../base/disposable';
import {
  conversationNodes,
  type InstanceNode,
  type Node,
  sessionTooltip,
} from './conversationsModel';
import type { DashboardDependencies } from './dashboardHost';
import { viewTypes } from './ids';

export class ConversationsTree implements vscode.TreeDataProvider<Node>, Disposable {
  readonly #dependencies: DashboardDependencies;
  readonly #store = new DisposableStore();
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #view: vscode.TreeView<Node>;
  #nodes: readonly InstanceNode[] = [];
  #shown = '[]';
  #watch: Disposable | undefined;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(dependencies: DashboardDependencies) {
    this.#dependencies = dependencies;
    const { controller, feed } = dependencies;
    this.#view = vscode.window.createTreeView(viewTypes.conversations, { treeDataProvider: this });
    this.#store.add(this.#changed);
    this.#store.add(this.#view);
    const refresh = (): void => {
      this.#refresh();
    };
    this.#store.add(controller.onDidChange(refresh));
    this.#store.add(feed.onDidChange(refresh));
    this.#store.add(
      this.#view.onDidChangeVisibility(({ visible }) => {
        this.#watch?.dispose();
        this.#watch = visible ? feed.watch() : undefined;
        refresh();
      }),
    );
    if (this.#view.visible) this.#watch = feed.watch();
    this.#refresh();
  }

  getChildren(node?: Node): Node[] {
    if (!node) return [...this.#nodes];
    return node.kind === 'instance' ? [...node.children] : [];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const { None, Expanded } = vscode.TreeItemCollapsibleState;
    const parent = node.kind === 'instance' && node.children.length > 0;
    const item = new vscode.TreeItem(node.label, parent ? Expanded : None);
    item.id = `${node.kind}:${node.id}`;
    item.description = node.description;
    item.contextValue = node.context;
    item.iconPath = new vscode.ThemeIcon(node.icon);
    if (node.kind === 'instance') item.tooltip = node.tooltip;
    item.accessibilityInformation = { label: `${node.label}, ${node.description}` };
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, node: Node): vscode.TreeItem {
    if (node.kind === 'session') {
      item.tooltip = sessionTooltip(node.session, vscode.l10n.t, vscode.env.language);
    }
    return item;
  }

  dispose(): void {
    this.#watch?.dispose();
    this.#store.dispose();
  }

  /** Numbers that only a hover shows change all the time; the tree is drawn anew for the rest. */
  #refresh(): void {
    const { controller, feed } = this.#dependencies;
    const { t } = vscode.l10n;
    this.#nodes = conversationNodes(controller.state, feed.current, t, vscode.env.language);
    const shown = JSON.stringify(this.#nodes, (key, value: unknown) =>
      key === 'session' ? undefined : value,
    );
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#changed.fire(undefined);
  }
}
