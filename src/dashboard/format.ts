/** Numbers as people read them, in the language of the page. */

/** `1,234`. */
export function count(value: number): string {
  return value.toLocaleString(document.documentElement.lang);
}

/** Seconds as the largest unit that divides them: `30 min`, `90 s`, `2 h`. */
export function duration(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds % 60 === 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}
