/// The rows of a price table, and the usage that they price: what a token, a unit or a use of a
/// tool costs, for which tier, from which length of input on. `cost` prices a call by them.
@NullMarked
package io.budgetauthority.price;

import org.jspecify.annotations.NullMarked;
