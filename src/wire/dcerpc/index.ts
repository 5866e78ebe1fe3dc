export { isBigEndian, turn } from './byte-order.ts'
export * from './constants.ts'
export * from './interfaces.ts'
export * from './pdu.ts'
