export async function startOurServer(_o: {
  backend: 'disk' | 'memory'
}): Promise<{ host: string; port: number; user: string; password: string; stop(): Promise<void> }> {
  throw new Error('x')
}
