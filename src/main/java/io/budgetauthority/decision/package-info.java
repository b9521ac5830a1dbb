/// Decides whether a call may be made. The authority reads what applies to the call, lets the pure
/// rules of `rule` judge it, and reserves. It decides again where balances moved.
@NullMarked
package io.budgetauthority.decision;

import org.jspecify.annotations.NullMarked;
