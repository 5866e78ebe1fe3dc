export * from './constants.ts'
export * from './pdu.ts'
