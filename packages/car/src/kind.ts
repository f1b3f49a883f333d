/** What a CAR file is, in the words of Forest's tools. */
export type CarKind = "CARv1" | "CARv2" | "CARv1.zst" | "CARv2.zst" | "ForestCARv1.zst";
