import { runSync, toCid } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { Address } from "@copse/types";
import { describe, expect, it } from "vitest";
import { loadStateTree } from "../src/index.ts";
import {
  dealOps,
  dealProposals,
  dealStates,
  dealsAt,
  escrowBalances,
  lockedBalances,
  marketState,
  pendingDealAllocations,
  pendingProposals,
  providerDeals,
} from "../src/market/index.ts";
import {
  allocationClients,
  allocations,
  claimProviders,
  claims,
  removalProposals,
  verifiedClients,
  verifiedRegistryState,
  verifiers,
} from "../src/verified-registry/index.ts";
import { Blocks, big, bytes, commitment, id, int, link, nil, text, tuple, uint, yes } from "./made-actors.ts";

const made = new Blocks();
const versions = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
const piece = toCid(commitment);
const treeOf = (at: number, kind: string, head: Uint8Array) =>
  runSync(
    loadStateTree(
      made.tree(
        [
          [0, "system", undefined],
          [at, kind, head],
        ],
        5,
      ),
    ),
    made,
  );

describe.each(versions)("the market of actors v%i", (version) => {
  const far = 2n ** 60n; // nothing bounds when a deal starts
  const proposal = (label: Uint8Array) =>
    tuple(
      link(commitment),
      uint(2n ** 35n),
      yes,
      id(101),
      id(1000),
      label,
      int(far),
      int(far + 1n),
      big(5n),
      big(6n),
      big(7n),
    );
  const proposals = made.amt([proposal(text("é")), proposal(bytes(Uint8Array.of(0xff)))], 5);
  const tail = version === 8 ? [] : [uint(9)];
  const stateOfDeal =
    version < 13 ? tuple(int(20), int(-1), int(-1), ...tail) : tuple(uint(7), int(20), int(-1), int(-1));
  const deals = made.byUint([
    [1, nil],
    [300, nil],
  ]);
  const fields = [
    link(proposals),
    link(made.amt([stateOfDeal], 6)),
    link(made.hamt([[commitment, nil]])),
    link(made.byId([[101, big(50n)]], 6)),
    link(made.byId([[101, big(12n)]], 6)),
    uint(2),
    link(made.byUint([[77, link(deals)]])),
    int(76),
    big(7n),
    big(6n),
    big(5n),
  ];
  if (version >= 9) fields.push(link(made.byUint([[1, uint(9)]])));
  if (version >= 13) fields.push(link(made.byUint([[1000, link(made.byUint([[7, tuple(uint(0), uint(1))]]))]])));
  const market = runSync(marketState(treeOf(5, "storagemarket", made.put(tuple(...fields)))), made);

  it("has its totals", () => {
    expect(market).toMatchObject({
      nextId: 2n,
      lastCron: 76,
      totalClientLockedCollateral: 7n,
      totalProviderLockedCollateral: 6n,
      totalClientStorageFee: 5n,
    });
  });

  it("has proposals, with labels of text and of bytes", () => {
    const [first, second] = [...runSync(dealProposals(market), made).entries(made)].map(([, deal]) => deal);
    expect(first).toEqual({
      pieceCid: piece,
      pieceSize: 2n ** 35n,
      verifiedDeal: true,
      client: Address.id(101),
      provider: Address.id(1000),
      label: "é",
      startEpoch: far,
      endEpoch: far + 1n,
      storagePricePerEpoch: 5n,
      providerCollateral: 6n,
      clientCollateral: 7n,
    });
    expect(second?.label).toEqual(Uint8Array.of(0xff));
    expect(runSync(pendingProposals(market), made).hasSync(piece, made)).toBe(true);
    expect([...runSync(pendingProposals(market), made).entries(made)]).toEqual([[piece, null]]);
  });

  it("has states of deals", () => {
    expect(runSync(dealStates(market), made).getSync(0, made)).toEqual({
      sectorNumber: version < 13 ? undefined : 7n,
      sectorStartEpoch: 20,
      lastUpdatedEpoch: -1,
      slashEpoch: -1,
      verifiedClaim: version >= 9 && version < 13 ? 9n : undefined,
    });
  });

  it("has balances", () => {
    expect(runSync(escrowBalances(market), made).getSync(Address.id(101), made)).toBe(50n);
    expect([...runSync(lockedBalances(market), made).entries(made)]).toEqual([[Address.id(101), 12n]]);
  });

  it("has deals to look after", () => {
    expect([...runSync(dealOps(market), made).keys(made)]).toEqual([77n]);
    expect([...(runSync(dealsAt(market, 77n), made)?.keys(made) ?? [])].sort()).toEqual([1n, 300n]);
    expect(runSync(dealsAt(market, 78n), made)).toBeUndefined();
  });

  it("has allocations of pending deals, and deals by sector", () => {
    expect(runSync(pendingDealAllocations(market), made)?.getSync(1n, made)).toBe(version < 9 ? undefined : 9n);
    const sectors = runSync(providerDeals(market, Address.id(1000)), made);
    expect(sectors?.getSync(7n, made)).toEqual(version < 13 ? undefined : [0n, 1n]);
    expect(runSync(providerDeals(market, Address.id(1001)), made)).toBeUndefined();
  });
});

describe.each(versions)("the verified registry of actors v%i", (version) => {
  const caps = link(made.byId([[102, big(2n ** 40n)]]));
  const pair = concatBytes(Address.id(1000), Address.id(2));
  const removals = link(made.hamt([[pair, version < 9 ? uint(3) : tuple(uint(3))]]));
  const allocation = tuple(uint(101), uint(1000), link(commitment), uint(2048), int(10), int(20), int(30));
  const claim = tuple(uint(1000), uint(101), link(commitment), uint(2048), int(10), int(20), int(15), uint(7));
  const of = (owner: number, item: Uint8Array) => link(made.byUint([[owner, link(made.byUint([[9, item]]))]]));
  const fields =
    version < 9 ? [caps, caps, removals] : [caps, removals, of(101, allocation), uint(10), of(1000, claim)];
  const tree = treeOf(6, "verifiedregistry", made.put(tuple(id(80), ...fields)));
  const registry = runSync(verifiedRegistryState(tree), made);

  it("has verifiers, and clients where these have no actor of their own", () => {
    expect([registry.rootKey, registry.nextAllocationId]).toEqual([Address.id(80), version < 9 ? undefined : 10n]);
    expect([...runSync(verifiers(registry), made).entries(made)]).toEqual([[Address.id(102), 2n ** 40n]]);
    const clients = runSync(verifiedClients(registry), made);
    expect(clients?.getSync(Address.id(102), made)).toBe(version < 9 ? 2n ** 40n : undefined);
  });

  it("has proposals to take data cap away", () => {
    const removal = { verifier: Address.id(1000), client: Address.id(2) };
    const proposals = runSync(removalProposals(registry), made);
    expect([...proposals.entries(made)]).toEqual([[removal, 3n]]);
    expect(proposals.getSync(removal, made)).toBe(3n);
  });

  it("has allocations and claims", () => {
    const both = [runSync(allocations(registry, 101n), made), runSync(claims(registry, 1000n), made)];
    if (version < 9) return expect(both).toEqual([undefined, undefined]);
    const parts = { provider: 1000n, client: 101n, data: piece, size: 2048n, termMin: 10, termMax: 20 };
    expect(both[0]?.getSync(9n, made)).toEqual({ ...parts, expiration: 30 });
    expect(both[1]?.getSync(9n, made)).toEqual({ ...parts, termStart: 15, sector: 7n });
    expect(runSync(allocations(registry, 102n), made)).toBeUndefined();
    expect([...(runSync(allocationClients(registry), made)?.keys(made) ?? [])]).toEqual([101n]);
    expect([...(runSync(claimProviders(registry), made)?.keys(made) ?? [])]).toEqual([1000n]);
  });
});
