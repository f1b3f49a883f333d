export { type FileAccess, openFileAccess, openSpill } from "./access.node.ts";
export { type CarFile, type CarSaveOptions, openCarFile, saveCarFile } from "./file.node.ts";
export { type FileWriter, type SaveOptions, saveFile, writeChunks } from "./save.node.ts";
export { type CarFileStoreOptions, openCarStore, saveCarIndex, saveForestCar, writeForestCar } from "./store.node.ts";
export { compressZstd, decompressZstd, plainBytes } from "./zstd.node.ts";
