/// What changed between two price tables, and what a person should know before one is published.
@NullMarked
package io.budgetauthority.price.review;

import org.jspecify.annotations.NullMarked;
