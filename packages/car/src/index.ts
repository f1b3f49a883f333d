export type { ByteSource } from "./byte-source.ts";
export { CarError, type CarFacts, type CarPart } from "./errors.ts";
export { type CarLimits, type CarReadOptions, defaultCarCodecs, defaultCarLimits } from "./options.ts";
export { type CarReader, carBlocks, type DecodedCar, decodeCar, readCar } from "./read.ts";
export { type CarBlock, CarScanner } from "./scanner.ts";
export {
  type CarEntry,
  type CarWriteOptions,
  type CarWriter,
  carDataSize,
  createCarWriter,
  encodeCar,
  writeCar,
} from "./write.ts";
