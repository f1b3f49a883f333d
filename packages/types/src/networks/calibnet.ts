import { CID } from "multiformats/cid";
import { drandMainnet, quicknet } from "./drand.ts";
import { f3Calibnet } from "./f3-manifest.ts";
import { calibnetBlocks } from "./known-blocks.ts";
import { type Network, upgradesAt } from "./network.ts";

/**
 * The calibration network, the public test network with real sector sizes.
 *
 * Its network versions follow Lotus, which ignores upgrades at negative heights; Forest counts them, so that the two
 * differ at epochs 0 to 30 and 271 to 300, where nothing depends on it.
 *
 * @see lotus:build/buildconstants/params_calibnet.go, forest:src/networks/calibnet/mod.rs
 */
export const calibnet: Network = {
  name: "calibnet",
  p2pName: "calibrationnet",
  addressPrefix: "t",
  genesisCid: /* @__PURE__ */ CID.parse("bafy2bzacecyaggy24wol5ruvs6qm73gjibs2l2iyhcqmvi7r7a4ph7zx3yqd4"),
  genesisTime: 1667326380,
  blockDelay: 30,
  propagationDelay: 10,
  equivocationDelay: 2,
  genesisVersion: 0,
  upgrades: /* @__PURE__ */ upgradesAt({
    Breeze: -1,
    Smoke: -2,
    Ignition: -3,
    Refuel: -4,
    Liftoff: -5,
    Assembly: 30,
    Tape: 60,
    Kumquat: 90,
    Calico: 120,
    Persian: 240,
    Orange: 300,
    Trust: 330,
    Norwegian: 360,
    Turbo: 390,
    Hyperdrive: 420,
    Chocolate: 450,
    OhSnap: 480,
    Skyr: 510,
    Shark: 16_800,
    Hygge: 322_354,
    Lightning: 489_094,
    Thunder: 492_214,
    Watermelon: 1_013_134, // actors were mended at 1 070 494 and 1 108 174, without a new version
    Dragon: 1_427_974, // likewise at 1 493 854
    Phoenix: 1_428_094,
    Waffle: 1_779_094,
    Tuktuk: 2_078_794,
    Teep: 2_523_454,
    Tock: 2_543_614, // likewise at 2 558 014
    GoldenWeek: 3_007_294,
    FireHorse: 3_694_534,
    Xx: 999_999_999_999_999,
  }),
  drand: [
    { start: 0, beacon: drandMainnet },
    { start: 1_428_094, beacon: quicknet },
  ],
  messageGas: [
    { height: 0, base: 38_863, perByte: 1000 },
    { height: 120, base: 38_863, perByte: 1300 },
    { height: 322_354, base: 513_863, perByte: 1300 },
  ],
  breezeWindow: undefined,
  bootstrap: [
    "/dns/bootstrap.calibration.filecoin.chain.love/tcp/1237/p2p/12D3KooWQPYouEAsUQKzvFUA9sQ8tz4rfpqtTzh2eL6USd9bwg7x",
    "/dnsaddr/bootstrap-calibnet.chainsafe-fil.io",
  ],
  checkpoints: /* @__PURE__ */ calibnetBlocks.map(([height, cid]) => ({ height, cid: CID.parse(cid) })),
  whitelistedBlocks: [],
  f3: f3Calibnet,
  ethChainId: 314159,
  minPower: 32n << 30n,
  preCommitChallengeDelay: 150,
  bootstrapPeerThreshold: 4,
};
