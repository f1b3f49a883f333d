import { type ChainStore, type HeightRange, spanAt } from "@copse/chain";
import { chainFinality } from "@copse/chain/rules";
import { isCopseError } from "@copse/primitives";
import { gapsIn } from "./stage.ts";

/** Tipsets a step: fewer than a fork may take back. */
const step = 500;

/**
 * Takes the head back below a tipset that broke a rule, so that what is lighter and sound can take its place. Nothing is
 * done where the head stands below it already, nothing is stored below it, or the checkpoint is above.
 *
 * @param height of the tipset
 */
export async function retreat(store: ChainStore, height: number): Promise<void> {
  const { reader } = store;
  const below = reader.tipsetAt(height - 1, "previous");
  if (below === undefined) return;
  for (;;) {
    const upper = spanAt(store.spans, below.height)?.upper?.height;
    if (upper === undefined || upper < height) return;
    // from the top down, each step a commit of its own: whatever moment the process dies at, the rest is a chain
    let to = below;
    let passed = 0;
    for (const tipset of reader.tipsets({ from: below.height, to: upper, reverse: true })) {
      to = tipset;
      if (passed++ === step) break;
    }
    try {
      await store.switchHead(to.key);
    } catch (error) {
      if (isCopseError(error) && error.code === "chain/behind-checkpoint") return;
      throw error;
    }
  }
}

/**
 * Takes the head back below messages that nobody serves, where that is a fork's length at most: an invented fork names
 * messages that do not exist, and must not stand in the way of the chain that has them. A longer stretch is no fork, and
 * waits for who serves it.
 *
 * @param wanted heights whose messages are to be checked
 */
export async function retreatUnserved(store: ChainStore, wanted: HeightRange): Promise<void> {
  const [gap] = gapsIn(store.assurance["messages-checked"], wanted);
  if (gap === undefined || wanted.to - gap.from >= chainFinality) return;
  await retreat(store, store.reader.tipsetAt(gap.from, "next")?.height ?? gap.from);
}
