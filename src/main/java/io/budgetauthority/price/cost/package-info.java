/// Pure functions that price a call: what its worst case costs, what its usage cost, and which
/// usage has no price.
@NullMarked
package io.budgetauthority.price.cost;

import org.jspecify.annotations.NullMarked;
