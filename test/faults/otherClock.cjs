/**
 * Loaded into a launcher in front of it: SIGUSR2 has the machine sleep for an hour, as Linux shows that
 * to its processes, and SIGWINCH sets the wall clock a year ahead, or back again.
 */
const os = require('node:os');

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

const { now } = Date;
const { uptime } = os;
let sleptMs = 0;
let setByMs = 0;

Date.now = () => now() + sleptMs + setByMs;
os.uptime = () => uptime() + sleptMs / 1_000;
// Each is told once it has happened.
process.on('SIGUSR2', (signal) => {
  sleptMs += HOUR_MS;
  process.stderr.write(`had ${signal}\n`);
});
process.on('SIGWINCH', (signal) => {
  setByMs = YEAR_MS - setByMs;
  process.stderr.write(`had ${signal}\n`);
});
