/** How long a peer that gave a block comes before others, and one that kept silent after them. Unit: ms. */
export const mannersMs = 300_000;
/** Peers remembered; the one that nothing was noted of for longest goes first. */
export const maxAnswerers = 1_024;

interface Manners {
  /** When it last said anything on what it was asked. Unit: ms. */
  heardAt: number;
  gaveAt: number;
  /** When its silence is forgiven. */
  silentUntil: number;
}

/**
 * Who answers over bitswap, whatever block was asked for. Silence costs the one who asks time, so it costs the silent its
 * place; a word that a block is not there costs nobody anything. Plain data over a given clock.
 */
export class Answerers {
  readonly #now: () => number;
  readonly #peers = new Map<string, Manners>();

  /** @param now - a clock that only goes up; unit: ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** It said that it has a block. That alone makes up for no silence: words cost nothing. */
  heard(peer: string): void {
    this.#of(peer).heardAt = this.#now();
  }

  /** It said that it lacks a block. */
  answered(peer: string): void {
    this.heard(peer);
    this.#of(peer).silentUntil = Number.NEGATIVE_INFINITY;
  }

  /** It gave a block that was wanted. */
  gave(peer: string): void {
    this.answered(peer);
    this.#of(peer).gaveAt = this.#now();
  }

  /** It did not answer in time, or could not be asked. What it gave before counts no more. */
  silent(peer: string): void {
    const manners = this.#of(peer);
    manners.silentUntil = this.#now() + mannersMs;
    manners.gaveAt = Number.NEGATIVE_INFINITY;
  }

  isSilent(peer: string): boolean {
    return this.#now() < (this.#peers.get(peer)?.silentUntil ?? Number.NEGATIVE_INFINITY);
  }

  hasGivenLately(peer: string): boolean {
    return this.#now() - (this.#peers.get(peer)?.gaveAt ?? Number.NEGATIVE_INFINITY) < mannersMs;
  }

  /** Whether it gave a block after this moment of the clock. */
  hasGivenSince(peer: string, at: number): boolean {
    return (this.#peers.get(peer)?.gaveAt ?? Number.NEGATIVE_INFINITY) > at;
  }

  /** Whether it said anything after this moment of the clock. */
  wasHeardSince(peer: string, at: number): boolean {
    return (this.#peers.get(peer)?.heardAt ?? Number.NEGATIVE_INFINITY) > at;
  }

  /** Those that gave blocks lately, then others, then those that kept silent; as given among equals. */
  rank(peers: readonly string[]): string[] {
    const place = (peer: string): number => (this.isSilent(peer) ? 2 : this.hasGivenLately(peer) ? 0 : 1);
    return sortedBy(peers, place);
  }

  /** As given, but that those come last that kept silent. */
  silentLast(peers: readonly string[]): string[] {
    return sortedBy(peers, (peer) => Number(this.isSilent(peer)));
  }

  #of(peer: string): Manners {
    const never = Number.NEGATIVE_INFINITY;
    const manners = this.#peers.get(peer) ?? { heardAt: never, gaveAt: never, silentUntil: never };
    this.#peers.delete(peer);
    this.#peers.set(peer, manners); // youngest last
    if (this.#peers.size > maxAnswerers) this.#peers.delete(this.#peers.keys().next().value ?? "");
    return manners;
  }
}

function sortedBy(peers: readonly string[], place: (peer: string) => number): string[] {
  const places = new Map(peers.map((peer) => [peer, place(peer)]));
  return [...places.keys()].sort((a, b) => (places.get(a) as number) - (places.get(b) as number));
}
