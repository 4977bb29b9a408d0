/** Lifetimes: whoever creates something keeps its disposable and disposes it, innermost first. */

export interface Disposable {
  dispose(): void;
}

export function toDisposable(dispose: () => void): Disposable {
  return { dispose };
}

/** Disposes its members in reverse order; what arrives after disposal is disposed at once. */
export class DisposableStore implements Disposable {
  #members: Disposable[] = [];
  #disposed = false;

  add<T extends Disposable>(member: T): T {
    if (this.#disposed) member.dispose();
    else this.#members.push(member);
    return member;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const members = this.#members;
    this.#members = [];
    for (const member of members.reverse()) member.dispose();
  }
}
