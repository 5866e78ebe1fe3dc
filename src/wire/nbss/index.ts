export { displayName, type NetbiosName, netbiosName } from './netbios-name.ts'
export * from './session-packet.ts'
