/**
 * The least chance of a collision for which a plan lets one of two issues wait. A run sees collisions while they happen, and
 * loses less by one than a prediction must assume that is all there is: `npm run score:schedulers` chooses it.
 */
export const PLAN_ORDER_FROM = 0.35;
