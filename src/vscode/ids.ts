/**
 * Every name the extension shares with package.json or with VS Code's storage. A unit test holds
 * package.json to these tables, so a name is either right everywhere or the tests fail.
 */

/** The prefix of every setting and command. */
export const section = 'lingmaGateway';

/** What people read: the output channel, the status bar item's name, the panel's title. */
export const displayName = 'Lingma Gateway';

export const commandIds = {
  start: 'lingmaGateway.start',
  stop: 'lingmaGateway.stop',
  restart: 'lingmaGateway.restart',
  openPanel: 'lingmaGateway.openPanel',
  copyBaseUrl: 'lingmaGateway.copyBaseUrl',
  copyApiKey: 'lingmaGateway.copyApiKey',
  clearSessions: 'lingmaGateway.clearSessions',
  signIn: 'lingmaGateway.signIn',
  restartInstance: 'lingmaGateway.restartInstance',
  showLog: 'lingmaGateway.showLog',
  openSettings: 'lingmaGateway.openSettings',
} as const;

export type CommandName = keyof typeof commandIds;

export const settingIds = {
  autoStart: 'lingmaGateway.autoStart',
  port: 'lingmaGateway.port',
  lingmaPath: 'lingmaGateway.lingmaPath',
  connection: 'lingmaGateway.connection',
  attachTo: 'lingmaGateway.attachTo',
  agentCommand: 'lingmaGateway.agentCommand',
  instances: 'lingmaGateway.instances',
  maxInFlight: 'lingmaGateway.maxInFlight',
  sessionMax: 'lingmaGateway.sessionMax',
  sessionMaxPerInstance: 'lingmaGateway.sessionMaxPerInstance',
  sessionTtl: 'lingmaGateway.sessionTtl',
  idleTimeout: 'lingmaGateway.idleTimeout',
  turnTimeout: 'lingmaGateway.turnTimeout',
  askMode: 'lingmaGateway.askMode',
  remoteImages: 'lingmaGateway.remoteImages',
  imagesWithoutVision: 'lingmaGateway.imagesWithoutVision',
  modelAliases: 'lingmaGateway.modelAliases',
  corsOrigins: 'lingmaGateway.corsOrigins',
  showStatusBar: 'lingmaGateway.showStatusBar',
} as const;

export type SettingName = keyof typeof settingIds;

/** Whose models they are in VS Code's chat: the `vendor` of a model selector. */
export const chatVendor = 'lingma';

export const viewTypes = { panel: 'lingmaGateway.panel' } as const;

export const contextKeys = {
  /** The `kind` of the gateway's HostState; commands are enabled by it. */
  state: 'lingmaGateway.state',
} as const;

export const storageKeys = {
  /** In SecretStorage: the key clients present. */
  apiKey: 'lingmaGateway.apiKey',
  /** In globalState: true once the user asked not to hear again that another window was first. */
  noticeHidden: 'lingmaGateway.otherWindowNoticeHidden',
} as const;
