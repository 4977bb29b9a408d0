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
  rotateApiKey: 'lingmaGateway.rotateApiKey',
  createClientKey: 'lingmaGateway.createClientKey',
  manageClientKeys: 'lingmaGateway.manageClientKeys',
  clearSessions: 'lingmaGateway.clearSessions',
  signIn: 'lingmaGateway.signIn',
  restartInstance: 'lingmaGateway.restartInstance',
  showLog: 'lingmaGateway.showLog',
  openSettings: 'lingmaGateway.openSettings',
  connectClient: 'lingmaGateway.connectClient',
  undoClientSetup: 'lingmaGateway.undoClientSetup',
  openTerminal: 'lingmaGateway.openTerminal',
  testConnection: 'lingmaGateway.testConnection',
  copyDiagnostics: 'lingmaGateway.copyDiagnostics',
  showEffectiveConfig: 'lingmaGateway.showEffectiveConfig',
  openWalkthrough: 'lingmaGateway.openWalkthrough',
  applyChange: 'lingmaGateway.applyChange',
  discardChange: 'lingmaGateway.discardChange',
  toggleCapture: 'lingmaGateway.toggleCapture',
  drainInstance: 'lingmaGateway.drainInstance',
  evictConversation: 'lingmaGateway.evictConversation',
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
  passEnvironment: 'lingmaGateway.passEnvironment',
  modelAliases: 'lingmaGateway.modelAliases',
  corsOrigins: 'lingmaGateway.corsOrigins',
  host: 'lingmaGateway.host',
  allowedHosts: 'lingmaGateway.allowedHosts',
  maxTurnsPerKey: 'lingmaGateway.maxTurnsPerKey',
  captureBodies: 'lingmaGateway.captureBodies',
  showStatusBar: 'lingmaGateway.showStatusBar',
} as const;

export type SettingName = keyof typeof settingIds;

/** Whose models they are in VS Code's chat: the `vendor` of a model selector. */
export const chatVendor = 'lingma';

/** The chat participant `@lingma`. */
export const participantId = 'lingmaGateway.lingma';

/** Commands behind buttons of ours, which nobody finds in the palette. */
export const internalCommandIds = { useModel: 'lingmaGateway.chat.useModel' } as const;

/** The scheme of the texts that are only shown: changes before they are made, reports. */
export const previewScheme = 'lingma-gateway';

/** The walkthrough of VS Code's welcome page. */
export const walkthroughId = 'gettingStarted';

export const viewTypes = {
  panel: 'lingmaGateway.panel',
  /** In the side bar: the small dashboard, and the tree of conversations. */
  overview: 'lingmaGateway.overview',
  conversations: 'lingmaGateway.conversations',
} as const;

/** The gateway's place in the activity bar. */
export const viewContainerId = 'lingmaGateway';

export const contextKeys = {
  /** The `kind` of the gateway's HostState; commands are enabled by it. */
  state: 'lingmaGateway.state',
  /** True while a change is shown that waits for the user's answer. */
  reviewing: 'lingmaGateway.reviewing',
} as const;

export const storageKeys = {
  /** In SecretStorage: the key clients present. */
  apiKey: 'lingmaGateway.apiKey',
  /** In SecretStorage: which rotation that key belongs to. */
  apiKeyRotation: 'lingmaGateway.apiKeyRotation',
  /** In SecretStorage: the clients that have keys of their own, each with the key's digest. */
  clientKeys: 'lingmaGateway.clientKeys',
  /** In globalState: the models as they were last seen. */
  chatModels: 'lingmaGateway.chatModels',
  /** In workspaceState: the id of the model that `/model` chose. */
  chatModel: 'lingmaGateway.chatModel',
} as const;
