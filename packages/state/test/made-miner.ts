import { runSync } from "@copse/ipld";
import { Address } from "@copse/types";
import { loadStateTree, type StateTree } from "../src/index.ts";
import { Blocks, big, bits, bytes, commitment, id, int, link, nil, no, tuple, uint, yes } from "./made-actors.ts";

/** Where all made miners are. */
export const made: Blocks = new Blocks();
/** The one miner of each state. */
export const miner: Address = Address.id(1000);
const power = (raw: bigint): Uint8Array => tuple(big(raw), big(10n * raw));
export const peer: Uint8Array = Uint8Array.of(1, 2);

interface Options {
  readonly vesting?: Uint8Array;
}

/** A miner with a sector, a pre-committed one, and a deadline in which the sector is. */
export function minerOf(version: number, { vesting }: Options = {}): StateTree {
  const term = [id(103), tuple(big(5n), big(1n), int(2n ** 62n)), tuple(id(104), big(6n), int(-1), yes, no)];
  const infoFields = [
    id(101),
    id(102),
    tuple(id(102), id(105)),
    tuple(id(106), int(77)),
    bytes(peer),
    tuple(bytes(peer)),
  ];
  const proof = [int(8), uint(2 ** 35), uint(2349), int(-1), nil];
  const info = made.put(tuple(...infoFields, ...proof, ...(version < 9 ? [] : term)));

  const weights = [big(11n), big(12n)];
  const replaced = [no, uint(1), uint(2), uint(3)];
  const pre = [int(8), uint(9), link(commitment), int(70), tuple(uint(5)), int(90)];
  const preCommit =
    version < 9
      ? tuple(tuple(...pre, ...replaced), big(10n), int(71), ...weights)
      : tuple(tuple(...pre, link(commitment)), big(10n), int(71));
  const preCommits = made.byUint([[9, preCommit]]);
  const cleanUps = made.amt([bits(9)], 6);

  const day = version < 16 ? [big(14n), big(15n)] : [nil, nil];
  const flags = version < 9 ? [] : [version < 12 ? yes : uint(1)];
  const fee = version < 16 ? [] : [big(17n)];
  const base = [link(commitment), tuple(uint(5)), int(30), int(40), ...weights, big(13n), ...day, int(35)];
  const sector = tuple(uint(7), int(8), ...base, version < 16 ? big(16n) : nil, link(commitment), ...flags, ...fee);
  const sectors = made.amt([sector], 5);

  const expiration = tuple(bits(7), bits(), big(13n), power(1n), power(0n), ...(version < 16 ? [] : [big(17n)]));
  const expirations = made.amt([expiration], 4);
  const early = made.amt([bits(6)], 3);
  const fields = [bits(6, 7), bits(), bits(7), bits(7), bits(6), link(expirations), link(early)];
  const partitions = made.amt([tuple(...fields, power(1n), power(2n), power(3n), power(4n))], 3);
  const none = made.amt([], 3);
  const posts = made.amt([tuple(bits(0), tuple(tuple(int(8), bytes(peer))))], 2);
  const deadline = made.put(
    tuple(
      link(partitions),
      link(made.amt([bits(0)], 5)),
      bits(0),
      bits(),
      uint(1),
      uint(2),
      power(3n),
      link(none),
      link(sectors),
      link(none),
      link(posts),
      ...(version < 16 ? [] : [power(5n), big(18n)]),
    ),
  );
  const deadlines = made.put(tuple(tuple(...Array.from({ length: 48 }, () => link(deadline)))));
  const funds = tuple(tuple(int(50), big(3n)), tuple(int(60), big(4n)));
  const root = version < 16 ? link(made.put(tuple(funds))) : tuple(tuple(int(49), big(2n)), link(made.put(funds)));
  const amounts = [big(1n), big(9n), vesting ?? root, big(33n), big(4n)];
  const roots = [link(preCommits), link(cleanUps), link(made.put(bits(1, 2, 3, 7, 9))), link(sectors)];
  const head = made.put(tuple(link(info), ...amounts, ...roots, int(20), uint(5), link(deadlines), bits(3), yes));
  const tree = made.tree(
    [
      [0, "system", undefined],
      [1000, "storageminer", head],
    ],
    version < 10 ? 4 : 5,
  );
  return runSync(loadStateTree(tree), made);
}
