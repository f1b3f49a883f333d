import type { Codec, Fetching } from "@copse/ipld";
import type { Address } from "@copse/types";
import { stateOfSingleton } from "../actor-of-kind.ts";
import { addressField, listOf, uintField } from "../field-codecs.ts";
import type { StateTree } from "../state-tree.ts";
import { struct } from "../struct.ts";

/** A call that cron makes at the end of every epoch. */
export interface CronEntry {
  readonly receiver: Address;
  readonly method: bigint;
}

/** State of the cron actor, f03. */
export interface CronState {
  readonly entries: readonly CronEntry[];
}

/** How the cron actor holds its state. Shape: `[[[receiver, method]…]]`. */
export const cronStateCodec: Codec<CronState> = struct<CronState>("cron actor's state", {
  entries: listOf(struct<CronEntry>("cron entry", { receiver: addressField, method: uintField })),
});

/**
 * State of the cron actor.
 *
 * @throws {StateError} `state/actor-missing`, `state/actors-too-old`, `state/layout-unknown`
 * @see builtin-actors:actors/cron/src/state.rs
 * @example
 * const { entries } = runSync(cronState(tree), store);
 */
export function cronState(tree: StateTree): Fetching<CronState> {
  return stateOfSingleton(tree, 3, cronStateCodec);
}
