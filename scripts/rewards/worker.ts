// A worker process of scripts/reward-study.mjs: studies one set.
import { study } from './study.js'

const { folder, set, seeds }: { folder: string; set: string; seeds: number } = JSON.parse(process.argv[2])
process.send?.(await study(folder, set, seeds))
