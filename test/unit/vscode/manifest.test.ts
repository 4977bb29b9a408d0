import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  chatVendor,
  commandIds,
  displayName,
  section,
  settingIds,
  viewContainerId,
  viewTypes,
} from '../../../src/vscode/ids';
import { settingBounds, settingDefaults } from '../../../src/vscode/settings';
import manifest from '../../../package.json';
import strings from '../../../package.nls.json';

interface Property {
  readonly default: unknown;
  readonly markdownDescription: string;
  readonly order: number;
  readonly scope: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

describe('package.json', () => {
  const { commands, configuration } = manifest.contributes;
  const properties: Record<string, Property> = Object.fromEntries(
    configuration.flatMap((category) => Object.entries<Property>(category.properties)),
  );

  it('contributes exactly the commands of the code', () => {
    assert.deepEqual(
      commands.map(({ command }) => command).sort(),
      Object.values(commandIds).sort(),
    );
    for (const { category } of commands) assert.equal(category, 'Lingma Gateway');
  });

  it('contributes exactly the settings of the code, with the same defaults and bounds', () => {
    assert.deepEqual(Object.keys(properties).sort(), Object.values(settingIds).sort());
    for (const [name, value] of Object.entries(settingDefaults)) {
      assert.deepEqual(properties[`${section}.${name}`]?.default, value, name);
    }
    for (const [name, { min, max }] of Object.entries(settingBounds)) {
      const property = properties[`${section}.${name}`];
      assert.deepEqual([property?.minimum, property?.maximum], [min, max], name);
    }
  });

  it('describes, orders and scopes every setting', () => {
    const orders = Object.values(properties).map(({ order }) => order);
    assert.deepEqual(
      orders,
      orders.map((_, index) => index + 1),
      'the settings stand in the order in which they are shown',
    );
    for (const { markdownDescription, scope } of Object.values(properties)) {
      assert.match(markdownDescription, /^%.+%$/);
      assert.ok(scope);
    }
  });

  it('lets no workspace choose the program, the port, or who may call', () => {
    const { lingmaPath, connection, attachTo, agentCommand, port } = settingIds;
    const { host, allowedHosts, corsOrigins } = settingIds;
    const callers = [host, allowedHosts, corsOrigins];
    const choices = [lingmaPath, connection, attachTo, agentCommand, ...callers];
    for (const id of [...choices, port]) assert.equal(properties[id]?.scope, 'machine');
    assert.deepEqual(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations, [
      settingIds.autoStart,
      ...choices,
    ]);
  });

  it('keeps the port of a remote machine there, where it is another gateway', () => {
    const { configurationDefaults } = manifest.contributes;
    assert.deepEqual(configurationDefaults['remote.portsAttributes'], {
      [settingDefaults.port]: { label: displayName, onAutoForward: 'ignore' },
    });
  });

  it('uses every string of package.nls.json and no other', () => {
    const used = [...JSON.stringify(manifest).matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key);
    assert.deepEqual([...new Set(used)].sort(), Object.keys(strings).sort());
  });

  it('has one place in the activity bar, and a native view in it beside the page', () => {
    const { views, viewsContainers, viewsWelcome } = manifest.contributes;
    assert.deepEqual(
      viewsContainers.activitybar.map(({ id }) => id),
      [viewContainerId],
    );
    assert.deepEqual(
      views[viewContainerId].map((view) => [view.id, 'type' in view ? view.type : 'tree']),
      [
        [viewTypes.conversations, 'tree'],
        [viewTypes.overview, 'webview'],
      ],
    );
    for (const { view } of viewsWelcome) assert.equal(view, viewTypes.conversations);
  });

  it('names in its menus and welcome texts only commands that there are', () => {
    const { menus, viewsWelcome } = manifest.contributes;
    const known: readonly string[] = Object.values(commandIds);
    const texts: Readonly<Record<string, string>> = strings;
    const named = [
      ...Object.values(menus)
        .flat()
        .map(({ command }) => command),
      ...viewsWelcome.flatMap(({ contents }) =>
        [...(texts[contents.slice(1, -1)] ?? '').matchAll(/\(command:([\w.]+)/g)].map(
          ([, command]) => command ?? '',
        ),
      ),
    ];
    assert.ok(named.length > 20);
    assert.deepEqual(
      named.filter((command) => !known.includes(command)),
      [],
    );
  });

  it('wakes for the panel of a restored window', () => {
    assert.deepEqual(manifest.activationEvents, [
      'onStartupFinished',
      `onWebviewPanel:${viewTypes.panel}`,
    ]);
  });

  it('contributes the models under the vendor of the code', () => {
    const { languageModelChatProviders } = manifest.contributes;
    assert.deepEqual(
      languageModelChatProviders.map(({ vendor }) => vendor),
      [chatVendor],
    );
  });

  it('ships what it names', () => {
    const shipped = readFileSync('.vscodeignore', 'utf8').split('\n');
    const main = manifest.main.replace('./', '');
    for (const file of [main, manifest.icon, 'package.nls.json', 'dist/dashboard.js']) {
      assert.ok(shipped.includes(`!${file}`), file);
    }
  });
});
