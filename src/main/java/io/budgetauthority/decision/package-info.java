/// Decides whether a call may be made. It has the request, the pure rules that turn it into a plan,
/// and the authority. The authority reads, decides and reserves. It decides again where balances
/// moved.
@NullMarked
package io.budgetauthority.decision;

import org.jspecify.annotations.NullMarked;
