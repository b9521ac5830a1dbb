/// What callers see over HTTP: a resource for each noun, authentication, headers, problems and the
/// shapes of JSON. No rule of money lives here.
@NullMarked
package io.budgetauthority.api;

import org.jspecify.annotations.NullMarked;
