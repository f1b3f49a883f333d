import { chainError, type LinkedTipset, type LinkRules, type LinkTarget, linkRun } from "@copse/chain";
import { type CidBytes, type SyncBlockReader, toCid } from "@copse/ipld";
import { CopseError } from "@copse/primitives";
import {
  type BlockHeader,
  createTipset,
  decodeBlockHeader,
  type Network,
  networks,
  type Tipset,
  TipsetKey,
} from "@copse/types";
import { ExplorerError } from "../errors.ts";

/** Tipsets between two marks; what is held of a chain in memory at once. */
export const spanLength = 512;

/** A chain that was linked from its head down to genesis. */
export interface LinkedChain {
  readonly head: TipsetKey;
  readonly headHeight: number;
  readonly tipsets: number;
  readonly headers: number;
  /** Where each span begins, at its top; the newest first. Spans are walked again, from the oldest up, to be checked. */
  readonly marks: readonly LinkTarget[];
}

/**
 * The head that a CAR's roots name.
 *
 * @throws {ExplorerError} `explorer/no-head`
 */
export function headOf(roots: readonly CidBytes[], store: SyncBlockReader): Tipset {
  const [first] = roots;
  if (first === undefined) throw new ExplorerError("explorer/no-head", { root: "none", why: "the file has no roots" });
  let at = first;
  try {
    const headers = roots.map((root) => {
      at = root;
      const bytes = store.getSync(root);
      if (bytes === undefined) throw noHead(root, "it is not in the file");
      return decodeBlockHeader(bytes);
    });
    return createTipset(headers);
  } catch (error) {
    if (error instanceof ExplorerError || !(error instanceof CopseError)) throw error;
    throw noHead(at, error.message, error);
  }
}

function noHead(root: CidBytes, why: string, cause?: Error): ExplorerError {
  return new ExplorerError("explorer/no-head", { root: toCid(root).toString(), why }, { cause });
}

/**
 * Sees that a head is not one of another public network, which would be refused for reasons that help nobody.
 *
 * @throws {ExplorerError} `explorer/other-network`
 */
export function assertTimedFor(network: Network, { height, timestamp }: BlockHeader): void {
  const fits = ({ genesisTime, blockDelay }: Network): boolean => timestamp === genesisTime + height * blockDelay;
  const other = fits(network) ? undefined : networks.find(fits);
  if (other === undefined) return;
  throw new ExplorerError("explorer/other-network", { found: other.name, expected: network.name, height });
}

/**
 * Links a chain from its head to the genesis of its network: hashes, order, heights, times, weights, checkpoints.
 *
 * Memory: one span, and 38 B a block of every 512th tipset.
 *
 * @throws {ChainError} the first link that is broken
 * @throws {ExplorerError} `explorer/genesis-not-reached`
 */
export function walkDown(
  head: TipsetKey,
  store: SyncBlockReader,
  { rules, networkName, onHeight }: WalkOptions,
): LinkedChain {
  const marks: LinkTarget[] = [];
  let tipsets = 0;
  let headers = 0;
  let headHeight = 0;
  for (let target: LinkTarget = { key: head }; ; ) {
    marks.push(target);
    const span = walkSpan(target, store, { rules, networkName });
    if (tipsets === 0) headHeight = span.linked[0]?.height ?? 0;
    tipsets += span.linked.length;
    for (const { headers: blocks } of span.linked) headers += blocks.length;
    onHeight(span.linked.at(-1)?.height ?? 0, headHeight);
    if (span.reachedGenesis) return { head, headHeight, tipsets, headers, marks };
    target = span.next;
  }
}

/** What a walk needs to know. */
export interface WalkOptions {
  readonly rules: LinkRules;
  readonly networkName: string;
  /** Told the height that was reached. */
  readonly onHeight: (height: number, headHeight: number) => void;
}

/** A span of a chain, newest first. */
export function walkSpan(
  target: LinkTarget,
  store: SyncBlockReader,
  { rules, networkName }: Pick<WalkOptions, "rules" | "networkName">,
): { readonly linked: readonly LinkedTipset[]; readonly next: LinkTarget; readonly reachedGenesis: boolean } {
  const linked: LinkedTipset[] = [];
  let next = target;
  while (linked.length < spanLength) {
    const headers = TipsetKey.cidBytes(next.key).map((cid) => store.getSync(cid) ?? missing(cid, next, networkName));
    const run = linkRun(next, [{ headers }], rules);
    if (run.fault !== undefined) throw chainError(run.fault);
    linked.push(...run.linked);
    next = run.next;
    if (run.reachedGenesis) return { linked, next, reachedGenesis: true };
  }
  return { linked, next, reachedGenesis: false };
}

function missing(cid: CidBytes, { child }: LinkTarget, network: string): never {
  const facts = { height: child?.height ?? -1, missing: toCid(cid).toString(), network };
  throw new ExplorerError("explorer/genesis-not-reached", facts);
}
