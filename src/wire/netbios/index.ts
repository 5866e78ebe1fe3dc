export * from './browser.ts'
export * from './datagram.ts'
export * from './name-service.ts'
