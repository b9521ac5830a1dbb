/// The answer to "may I make this call?": the request, the pure rules that turn it into a plan, and
/// the authority that reads, decides, reserves and, where balances moved, decides again.
@NullMarked
package io.budgetauthority.decision;

import org.jspecify.annotations.NullMarked;
