import { type Fetching, fromCid } from "@copse/ipld";
import { resolvePath } from "@copse/ipld/walk";
import { Address } from "@copse/types";
import { CID } from "multiformats/cid";
import type { Actor } from "../actor.ts";
import { actorKind } from "../actor-kind.ts";
import { StateError } from "../errors.ts";
import { resolveId } from "../init.ts";
import { actorOfId, type StateTree } from "../state-tree.ts";
import { addressKey, type Place, placeOf, structPlace } from "./place.ts";
import { actorPlace } from "./places-of-kinds.ts";

/** What stands at the end of a path. */
export type StateReading =
  /** A value of the readers of this package: a struct, an integer, a link, … */
  | { readonly kind: "value"; readonly value: unknown }
  /** CBOR, where the path went through links that no reader knows. */
  | { readonly kind: "cbor"; readonly cbor: Uint8Array }
  /** Nothing, and the blocks read show it: this much of the path is a key that is not there. */
  | { readonly kind: "absent"; readonly at: string };

/** Most segments of a path. */
export const maxStatePathSegments = 32;
/** Most characters of a path. */
export const maxStatePathLength = 1024;

/**
 * The segments of a path into state.
 *
 * Shape: segments between slashes, none empty, no slash at the ends: one way to write each.
 *
 * @throws {StateError} `state/path-malformed`
 * @example
 * parseStatePath("actors/f04/state/claims/f01000") // => ["actors", "f04", "state", "claims", "f01000"]
 */
export function parseStatePath(path: string): string[] {
  const malformed = (why: string) => new StateError("state/path-malformed", { path: path.slice(0, 100), why });
  if (path.length > maxStatePathLength) throw malformed(`${path.length} characters, limit ${maxStatePathLength}`);
  const segments = path.split("/");
  if (segments.includes("")) throw malformed("a segment is empty");
  if (segments.length > maxStatePathSegments) {
    throw malformed(`${segments.length} segments, limit ${maxStatePathSegments}`);
  }
  return segments;
}

/**
 * Reads what a path leads to in a state.
 *
 * Shape: `version`, `info`, or `actors/ADDRESS` and from there `id`, `kind`, `code`, `head`, `nonce`, `balance`,
 * `delegatedAddress`, and `state` with the fields of its kind by the names of this package, keys of maps and indexes of
 * lists as segments: `actors/f04/state/claims/f01000`. A path may go on behind any other link as an IPLD path, by indexes:
 * `actors/f04/head/0`; `.` at its end is the block that a link leads to: `actors/f04/head/.`.
 *
 * Maps and arrays that are blocks of their own read as the links to their roots. `dealOpsByEpoch` of the market is entered by
 * the epoch, in whatever form the actors of this state write it, and leads to what they look after then.
 *
 * @throws {StateError} `state/path-malformed`, `state/path-unknown`, `state/actors-too-old`, and what readers throw
 * @throws {PathError} of IPLD paths
 * @throws {HostFault} `host/block-missing`
 * @example
 * const reading = runSync(readStatePath(tree, "actors/f01000/state/info/worker"), store);
 */
export function* readStatePath(tree: StateTree, path: string): Fetching<StateReading> {
  const segments = parseStatePath(path);
  let place: Place = rootPlace(tree);
  for (const [at, segment] of segments.entries()) {
    if (place.enter === undefined) {
      const link = CID.asCID(place.value);
      if (link !== null) return yield* readIpld(link, segments.slice(at));
      throw new StateError("state/path-unknown", { segment, expected: "the end of the path" });
    }
    const next: Place | undefined = yield* place.enter(segment);
    if (next === undefined) return { kind: "absent", at: segments.slice(0, at + 1).join("/") };
    place = next;
  }
  if (place.value === undefined) {
    throw new StateError("state/path-unknown", {
      segment: segments.at(-1) ?? "",
      expected: "a key of this map after it",
    });
  }
  return { kind: "value", value: place.value };
}

function* readIpld(link: CID, segments: readonly string[]): Fetching<StateReading> {
  const toBlock = segments.at(-1) === ".";
  const path = toBlock ? segments.slice(0, -1) : segments;
  const { value } = yield* resolvePath(fromCid(link), path, { followLast: toBlock });
  return { kind: "cbor", cbor: value.slice() };
}

function rootPlace(tree: StateTree): Place {
  const { version, info } = tree;
  return structPlace({ version, info }, { actors: { value: undefined, enter: (segment) => actorAt(tree, segment) } });
}

function* actorAt(tree: StateTree, segment: string): Fetching<Place | undefined> {
  const address = addressKey(segment);
  const id = yield* resolveId(tree, address);
  const actor = id === undefined ? undefined : yield* actorOfId(tree, id);
  if (id === undefined || actor === undefined) return undefined;
  return structPlace(actor, {
    id: placeOf(Address.id(id)),
    *kind() {
      return placeOf((yield* actorKind(tree, actor.code)) ?? null);
    },
    state: () => actorPlace(tree, Address.id(id), actor as Actor),
  });
}
