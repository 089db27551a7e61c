import type { Row } from '../form.ts'
import type { Random } from './random.ts'
import { momentBetween } from './times.ts'

const given = [
  'Aarav',
  'Aditi',
  'Ananya',
  'Arjun',
  'Bhavna',
  'Chetan',
  'Deepa',
  'Dev',
  'Divya',
  'Farhan',
  'Gauri',
  'Harsh',
  'Isha',
  'Jaya',
  'Kabir',
  'Kavya',
  'Lakshmi',
  'Manish',
  'Meera',
  'Nikhil',
  'Nisha',
  'Omkar',
  'Pooja',
  'Prakash',
  'Rahul',
  'Ritu',
  'Rohan',
  'Sameer',
  'Sana',
  'Shreya',
  'Siddharth',
  'Sneha',
  'Tara',
  'Tejas',
  'Uma',
  'Varun',
  'Vidya',
  'Vikram',
  'Yash',
  'Zoya',
]

const family = [
  'Agarwal',
  'Ahmed',
  'Bannerjee',
  'Bhat',
  'Chatterjee',
  'Chauhan',
  'Das',
  'Desai',
  'Deshpande',
  'Dutta',
  'Fernandes',
  'Gandhi',
  'Ghosh',
  'Gokhale',
  'Gupta',
  'Iyer',
  'Jain',
  'Joshi',
  'Kapoor',
  'Khan',
  'Kulkarni',
  'Kumar',
  'Malhotra',
  'Mehta',
  'Menon',
  'Mishra',
  'Nair',
  'Patel',
  'Patil',
  'Pillai',
  'Rao',
  'Reddy',
  'Roy',
  'Saxena',
  'Sen',
  'Shah',
  'Sharma',
  'Shetty',
  'Singh',
  'Varma',
]

/** Domains that belong to nobody: RFC 2606. */
const domains = ['example.com', 'example.org', 'example.net']

/** People with addresses of nobody's, and numbers that no network gives out: none begins with a zero. */
export function makeUsers(random: Random, count: number): Row[] {
  const pairs = given.flatMap((first) => family.map((last) => [first, last] as const))
  return random
    .shuffled(pairs)
    .slice(0, count)
    .map(([first, last], i) => ({
      user_id: String(i + 1),
      name: `${first} ${last}`,
      email: `${first}.${last}@${random.pick(domains)}`.toLowerCase(),
      phone: `00000${String(10_000 + i * 977).padStart(5, '0')}`,
      created_at: momentBetween(random, '2025-01-05 00:00:00', '2026-08-31 23:59:59'),
    }))
}
