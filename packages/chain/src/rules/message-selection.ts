/** A message as the rule sees it. */
export interface SelectedBy {
  /**
   * Its sender as text: the address in the message, or, from Hyperdrive on and once any sender of the tipset is written
   * as an ID, the ID it resolves to.
   */
  readonly sender: string;
  readonly nonce: bigint;
}

/**
 * Which messages of a tipset are executed: walk its blocks in canonical order, BLS before secp; a sender's first message
 * sets its nonce, and each further one must continue it. This also drops what several blocks list.
 *
 * @returns one answer per message, in order
 * @see lotus:chain/store/messages.go BlockMsgsForTipset
 * @example
 * selectMessages([{ sender: "a", nonce: 4n }, { sender: "a", nonce: 4n }, { sender: "a", nonce: 5n }])
 * // => [true, false, true]
 */
export function selectMessages(messages: readonly SelectedBy[]): readonly boolean[] {
  const next = new Map<string, bigint>();
  return messages.map(({ sender, nonce }) => {
    if (nonce !== (next.get(sender) ?? nonce)) return false;
    next.set(sender, nonce + 1n);
    return true;
  });
}
