export { type CarFile, type CarSaveOptions, openCarFile, saveCarFile } from "./file.node.ts";
export { compressZstd, decompressZstd } from "./zstd.node.ts";
