export * from './session-packet.ts'
