export * from './constants.ts'
export * from './interfaces.ts'
export * from './pdu.ts'
