"""Tasks performed: nodes called, loops driven, misbehaviour caught."""
