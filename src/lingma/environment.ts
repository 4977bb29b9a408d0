/**
 * What child processes see of our environment. Whatever started us may have put keys of any service
 * there, so Lingma gets what it needs to run, and what its user names; nothing else.
 */

/** An asterisk ends the beginning of a name. Windows does not tell cases apart, so neither do we. */
const NEEDED = [
  // Who and where the user is, and where programs and temporary files are.
  ...['HOME', 'USER', 'LOGNAME', 'SHELL', 'PATH', 'TMPDIR', 'TMP', 'TEMP', 'XDG_*'],
  // Language and time.
  ...['LANG', 'LANGUAGE', 'LC_*', 'TZ', 'TZDIR', '__CF_USER_TEXT_ENCODING'],
  // The way to the network.
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'],
  // The screen, for a sign-in that opens a browser by itself, and where secrets are kept for it.
  ...['DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY', 'DBUS_SESSION_BUS_ADDRESS'],
  // What no program on Windows runs without.
  ...['SYSTEMROOT', 'SYSTEMDRIVE', 'WINDIR', 'COMSPEC', 'PATHEXT', 'OS', 'COMPUTERNAME'],
  ...['USERNAME', 'USERDOMAIN', 'USERPROFILE', 'HOMEDRIVE', 'HOMEPATH', 'PUBLIC'],
  ...['APPDATA', 'LOCALAPPDATA', 'PROGRAMDATA', 'ALLUSERSPROFILE', 'COMMONPROGRAM*'],
  ...['PROGRAMFILES', 'PROGRAMFILES(X86)', 'PROGRAMW6432', 'NUMBER_OF_PROCESSORS', 'PROCESSOR_*'],
  // Lingma's own (protocol §1.4), and the knobs of the demo that stands in for it.
  ...['LINGMA_*', 'DEMO_LINGMA_*'],
];

/**
 * Never handed on, not even by name: VS Code's and Electron's own variables would change how a child
 * of the extension host runs, and the gateway's hold its keys.
 */
const WITHHELD = ['VSCODE_*', 'ELECTRON_*', 'NODE_OPTIONS', 'LINGMA_GATEWAY_*'];

/**
 * The environment for Lingma.
 *
 * @param more Names of further variables; a trailing `*` stands for any rest.
 */
export function lingmaEnvironment(more: readonly string[] = []): NodeJS.ProcessEnv {
  const named = matcher([...NEEDED, ...more]);
  return pick(named);
}

/**
 * The environment for an agent that the user has named by its command line: all of it but what is
 * ours. It finds its model, its proxy and its own keys there, under names that only it knows, and
 * would find them there as well if its user started it.
 */
export function agentEnvironment(): NodeJS.ProcessEnv {
  return pick(() => true);
}

/** The environment for our own scripts, which run on this very executable even if it is Electron. */
export function nodeEnvironment(more: readonly string[] = []): NodeJS.ProcessEnv {
  return { ...lingmaEnvironment(more), ELECTRON_RUN_AS_NODE: '1' };
}

const isWithheld = matcher(WITHHELD);

function pick(isWanted: (name: string) => boolean): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => isWanted(name) && !isWithheld(name)),
  );
}

function matcher(patterns: readonly string[]): (name: string) => boolean {
  const upper = patterns.map((pattern) => pattern.toUpperCase());
  const names = new Set(upper);
  const beginnings = upper
    .filter((pattern) => pattern.endsWith('*'))
    .map((pattern) => pattern.slice(0, -1));
  return (name) => {
    const wanted = name.toUpperCase();
    return names.has(wanted) || beginnings.some((beginning) => wanted.startsWith(beginning));
  };
}
