"""The forward processes of the literature, as frozen values made of plain numbers."""
