import { fromHex } from "@copse/primitives";

/** drand's "incentinet", the chained beacon of mainnet's first epochs. */
export const incentinetKey: Uint8Array = fromHex(
  "8cad0c72c606ab27d36ee06de1d5b2db1faf92e447025ca37575ab3a8aac2eaae83192f846fc9e158bc738423753d000",
);

/** Consecutive rounds, as mainnet's first headers carry them (mainnet-export40.car). */
export const incentinetRounds: readonly { round: number; signature: Uint8Array }[] = [
  {
    round: 81086,
    signature: fromHex(
      "ae1102b76dea635b2f07b7d06e1671d695c4011a73dc33cace159509eac7edc305fa74495505f0cd0046ee0d3b17fabc0fc0560d44d296c6d91bcc94df76266a8e9d5312c617ca72a2e186cadee560477f6d120f6614e21fb07c2390a166a259",
    ),
  },
  {
    round: 81087,
    signature: fromHex(
      "98076cbbdce72570b6f1e3611be41fde0efb2fb1c23c8359cb64ea72319face1400a37f4462469188357344be1d575c90e64e32506caed0c08c8d02e86db000dbf002548185bcb1960e9beb82df008888a65fc8bf7489087830f88833ab09473",
    ),
  },
  {
    round: 81088,
    signature: fromHex(
      "b5208e2b06e0d5ddd7f508561b3883bdd998406bad329b93c8238e174bbc7193cbe908f68f4c810be48258c4eb3a91ed0653c3803b50b78d01353fd3ddad7563af1932df915172378b91a2d3c8f54a7553fd03f4b3e976a1938c1c407f16e60c",
    ),
  },
  {
    round: 81089,
    signature: fromHex(
      "8b70c9a1a2d4bd98360b4f43670906879e0727e7ae72341838bfcf0c7579c3a5e9bf0c442d2ee06f1a1fc491fd9b9e5204da6272f1c9fadeb98922161983b8c5ad100fb6ad67b19f2c3a7c6978051df3f54027c030ffc03b46295a1814f2daf7",
    ),
  },
];

/** drand's "quicknet": keys in G2, signatures in G1. */
export const quicknetKey: Uint8Array = fromHex(
  "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
);

/** Two rounds of a mainnet header: the sample answer in lotus:documentation/en/api-methods-v1-stable.md. */
export const quicknetRounds: readonly { round: number; signature: Uint8Array }[] = [
  {
    round: 17133822,
    signature: fromHex(
      "b47e2af1eb8868ff7f41126df002df901bedb52990fc3380b7cfb7ef01865797fc924873105ac786c922b4d9cf4bbd23",
    ),
  },
  {
    round: 17133832,
    signature: fromHex(
      "b900f97049fc53af7eb0f8e971c4fc066d2356b9d72d271fda30642c9347bc01cb03ab4fb190d1133a4121c92956f3f2",
    ),
  },
];

/** BLS signatures over message CIDs: filecoin-project/serialization-vectors, message_signing.json. */
export const messageSignatures: readonly { message: Uint8Array; privateKey: Uint8Array; signature: Uint8Array }[] = [
  {
    message: fromHex("0171a0e40220cebe89d62b1ff3c34a26d112fd0d1c71debefce08214cce0cdaaf67d532fbfeb"),
    privateKey: fromHex("a7204e00ff5c6a671900d29e74713ea1aa8f82db0e77fa81bce00ed587ef2d56"),
    signature: fromHex(
      "b181d48fa37b09bf3a03ca533f2681f36cdd79e9b21ddfad654e1576c9ba6f3d8695a78b0b9b6c737497d50ec5af9a5103981785cc78203faf0ea0d53bb6409d3a0a696799d96af6f12f9be2d1963b0a981f1f23924be4972c8d279c0ae1babe",
    ),
  },
  {
    message: fromHex("0171a0e4022085f14c26af4fee87f75ce11fb3f98f5bab2010992eaa52211c04ce677302cf40"),
    privateKey: fromHex("ba9d6da7623aa003eb4b28805b572103d528df60e23f2fa70dbe5297b057993d"),
    signature: fromHex(
      "91f790edec90f91b378e0bf68a0876c391f8cfcfa56905edb60ebc43984fb1fd6f96e88e8d715610b4b51eb32a47bc5a0d1e90db28d72c3766c66f89b05afa30d4946dd0c1057b221fd693532c5cddc03d2e2e5067479dda4fe82873e1a5e0e1",
    ),
  },
];
